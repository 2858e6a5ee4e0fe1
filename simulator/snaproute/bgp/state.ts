/** A condition, statement or definition of a policy, as it was configured. */
export interface PolicyObject {
  readonly id: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An entry of `Redistribution`. */
export interface RedistributionEntry {
  readonly Sources: string;
  readonly Policy: string;
}

/** The configuration of BGP and of the policies. */
export interface BgpState {
  readonly conditions: readonly PolicyObject[];
  readonly statements: readonly PolicyObject[];
  readonly definitions: readonly PolicyObject[];
  readonly global: {
    readonly id: string;
    readonly ASNum: string;
    readonly RouterId: string;
    readonly Disabled: boolean;
    readonly Redistribution: readonly RedistributionEntry[];
  };
}

/** A statement's fields after its creation. */
export interface StatementFields {
  readonly MatchConditions: string;
  readonly Conditions: readonly string[];
  readonly Action: string;
}
