import type { PlacementRule } from "../../../api-types/service/placement-rules.js";
import { each, type Steps } from "../../../platform/steps.js";
import { apartChecks, type Check, nodeChecks, resourceChecks, roleChecks } from "./checks.js";
import type { PlaceInput, WaitingTask } from "./model.js";
import { type Ports, portsOf } from "./ports.js";
import { type Amounts, amountsOf, fixedPorts, type Ground, type Room, type Site } from "./room.js";
import { attributeText } from "./rules/attribute-text.js";
import type { EvenSpread } from "./rules/even-spread.js";
import { isOfNodeAlone, type Rule, type RuleContext, ruleOf } from "./rules/rule.js";

/** What waiting tasks have in common that differ in nothing but their key and age: one judgement serves all of them. */
export interface Shape {
  /** Any of them. */
  readonly task: WaitingTask;
  readonly demand: Demand;
}

/** What is asked of an offer; shared by services whose rules do not look at their own tasks. */
export interface Demand {
  readonly amounts: Amounts;
  /** Fixed ports of its service. */
  readonly reserved: Ports;
  /** Everything that is asked of an offer, in the order of refusals. */
  readonly checks: readonly Check<Room>[];
  /** Those of them that, once refused, stay refused for the round. */
  readonly lasting: readonly Check<Room>[];
  /** The others. */
  readonly evens: readonly EvenSpread[];
  /** Place of each node in the list of preferred ones; empty without a list. */
  readonly ranks: ReadonlyMap<string, number>;
  /** The offers that are asked; those of nodes that are not named are not. */
  readonly asked: readonly Room[];
  /** The open nodes that meet all that does not change in a round. */
  readonly suitable: () => Suitable;
}

/** Nodes that a task could get one day, whether they offer something now or not. */
export interface Suitable {
  readonly sites: readonly Site[];
  /** How many of them offer nothing now. */
  readonly silent: number;
}

/** What is known of a service during a round. */
interface Book {
  wanted: number;
  /** Waiting and placed ones. */
  tasks: number;
  /** Nodes of its tasks, one entry a task, those of this round too. */
  readonly placedOn: Site[];
  /** Numbers of fixed ports among its waiting tasks. */
  readonly fixed: Set<number>;
  reserved?: Ports;
  /** Rules about groups of its tasks, shared by all its shapes. */
  readonly rules: Map<string, Rule>;
}

/** What depends on nodes alone, shared by all services; worked out when first needed. */
interface Lasting {
  /** By rule: those that look at nothing but the node. */
  readonly rules: Map<string, Rule>;
  /** By what is asked of a node. */
  readonly suitable: Map<string, Suitable>;
}

/** The shapes of a round, made when first needed. */
export interface Shapes {
  readonly of: (task: WaitingTask) => Shape;
  /** Tells every rule that a task of the service was placed. */
  readonly add: (service: string, site: Site) => void;
}

export function* createShapes(input: PlaceInput, ground: Ground): Steps<Shapes> {
  const books = yield* booksOf(input, ground);
  const textOf = attributeReader(ground);
  const shapes = new Map<string, Shape>();
  const demands = new Map<string, Demand>();
  const lasting: Lasting = { rules: new Map(), suitable: new Map() };
  const bookOf = (service: string) => books.get(service) ?? newBook();
  const make = (task: WaitingTask): Shape => {
    const book = bookOf(task.service);
    const key = demandKeyOf(task, book);
    const demand = demands.get(key) ?? demandOf(task, { book, lasting, ground, textOf });
    demands.set(key, demand);
    return { task, demand };
  };
  return {
    of(task) {
      const key = keyOf(task);
      const shape = shapes.get(key) ?? make(task);
      shapes.set(key, shape);
      return shape;
    },
    add(service, site) {
      const book = bookOf(service);
      book.placedOn.push(site);
      for (const rule of book.rules.values()) rule.add?.(site);
    },
  };
}

interface DemandContext {
  readonly book: Book;
  readonly lasting: Lasting;
  readonly ground: Ground;
  readonly textOf: RuleContext["textOf"];
}

/**
 * What is asked, in this order; a node is counted by the first that it does not meet:
 *
 * | reason                      | asked                                                                    |
 * |-----------------------------|--------------------------------------------------------------------------|
 * | node name                   | it is one of nodeNames                                                   |
 * | unschedulable, draining …   | the node is not closed                                                   |
 * | node type, node function    | as wanted                                                                |
 * | role                        | something in the offer is of an allowed role                             |
 * | constraint …                | each constraint, as they are written                                     |
 * | apart from …                | none of these services is on the node                                    |
 * | cpu, memory, disk, gpu      | enough is left, over all allowed roles                                   |
 * | host port                   | every fixed port is left                                                 |
 * | ports                       | enough ports are left that are not fixed ports of the service            |
 */
function demandOf(task: WaitingTask, context: DemandContext): Demand {
  const { book, lasting, ground } = context;
  const ofNode = nodeChecks(task);
  const alone = task.rules.filter(isOfNodeAlone).map((rule) => ruleFor(rule, task, context).check);
  const selection = JSON.stringify(selectionOf(task));
  const suitable = () => {
    const known = lasting.suitable.get(selection) ?? suitableOf([...ofNode, ...alone], askedSites(task, ground));
    lasting.suitable.set(selection, known);
    return known;
  };
  const rules = task.rules.map((rule) => ruleFor(rule, task, { ...context, suitable }));
  const amounts = amountsOf(task.need);
  book.reserved ??= portsOf([...book.fixed].map((port) => ({ begin: port, end: port })));
  const passing = new Set(rules.flatMap((rule) => (rule.even === undefined ? [] : [rule.check])));
  const ofSite = (checks: readonly Check<Site>[]) =>
    checks.map((check) => ({ check: onRoom(check), isLasting: !passing.has(check) }));
  const ofRoom = (checks: readonly Check<Room>[]) => checks.map((check) => ({ check, isLasting: true }));
  const checks = [
    ...ofSite(ofNode),
    ...ofRoom(roleChecks(task)),
    ...ofSite(rules.map(({ check }) => check)),
    ...ofSite(apartChecks(task)),
    ...ofRoom(resourceChecks({ task, amounts, reserved: book.reserved })),
  ];
  return {
    amounts,
    reserved: book.reserved,
    checks: checks.map(({ check }) => check),
    lasting: checks.flatMap(({ check, isLasting }) => (isLasting ? [check] : [])),
    evens: rules.flatMap(({ even }) => (even === undefined ? [] : [even])),
    asked: task.nodeNames.length === 0 ? ground.rooms : askedSites(task, ground).flatMap((site) => site.rooms),
    ranks: new Map([...new Set(task.nodeNames)].map((name, rank) => [name, rank])),
    suitable,
  };
}

function suitableOf(checks: readonly Check<Site>[], sites: readonly Site[]): Suitable {
  const suitable = sites.filter((site) => checks.every((check) => check.passes(site)));
  return { sites: suitable, silent: suitable.filter((site) => site.rooms.length === 0).length };
}

/** A rule about the node is made once for all; one about groups once for a service, however many shapes its tasks have. */
function ruleFor(
  rule: PlacementRule,
  task: WaitingTask,
  { book, lasting, textOf, suitable }: DemandContext & { readonly suitable?: () => Suitable },
): Rule {
  // which values are usable depends on what else is asked of a node
  const scope = rule.operator === "GroupBy" && rule.value === undefined ? selectionOf(task) : [];
  const key = JSON.stringify([rule.operator, rule.attribute, rule.value ?? null, ...scope]);
  const usable = () => suitable?.().sites ?? [];
  const { placedOn, wanted } = book;
  const { rules } = isOfNodeAlone(rule) ? lasting : book;
  const known = rules.get(key) ?? ruleOf(rule, { textOf, placedOn, wanted, usable });
  rules.set(key, known);
  return known;
}

function onRoom({ passes, reason, explain }: Check<Site>): Check<Room> {
  return {
    passes: ({ site }) => passes(site),
    reason: ({ site }) => reason(site),
    explain: ({ site }) => explain(site),
  };
}

/** Nodes that are not named are not even looked at. */
function askedSites({ nodeNames }: WaitingTask, { sites, siteOf }: Ground): readonly Site[] {
  return nodeNames.length === 0 ? sites : [...new Set(nodeNames)].flatMap((name) => siteOf.get(name) ?? []);
}

/**
 * Shares are of all tasks that are there at once: while an update starts new ones before it stops old ones, these are
 * more than wanted, and without them the new ones would find every share taken.
 */
function* booksOf({ waiting, placed }: PlaceInput, { siteOf }: Ground): Steps<Map<string, Book>> {
  const books = new Map<string, Book>();
  yield* each(waiting, ({ service, wanted, need }) => {
    const book = books.get(service) ?? newBook();
    books.set(service, book);
    book.wanted = Math.max(book.wanted, wanted);
    for (const port of fixedPorts(need)) book.fixed.add(port);
    book.tasks += 1;
  });
  yield* each(placed, ({ service, node }) => {
    const book = books.get(service);
    if (book === undefined) return;
    const site = siteOf.get(node);
    if (site !== undefined) book.placedOn.push(site);
    book.tasks += 1;
  });
  for (const book of books.values()) book.wanted = Math.max(book.wanted, book.tasks);
  return books;
}

function newBook(): Book {
  return { wanted: 0, tasks: 0, placedOn: [], fixed: new Set(), rules: new Map() };
}

/** Texts of attributes, worked out once for each node. */
function attributeReader({ sites }: Ground): RuleContext["textOf"] {
  const columns = new Map<string, readonly (string | undefined)[]>();
  return (site, attribute) => {
    const column = columns.get(attribute) ?? sites.map(({ facts }) => attributeText(facts, attribute));
    columns.set(attribute, column);
    return column[site.index];
  };
}

function selectionOf({ nodeNames, nodeType, nodeFunction, rules }: WaitingTask): readonly unknown[] {
  return [nodeNames, nodeType ?? null, nodeFunction ?? null, rules];
}

function keyOf(task: WaitingTask): string {
  const { service, need, roles, apartFrom, near, strategy } = task;
  return JSON.stringify([service, need, roles ?? null, selectionOf(task), apartFrom, near, strategy]);
}

/** A rule about groups looks at the tasks of its service. */
function demandKeyOf(task: WaitingTask, { fixed }: Book): string {
  const { service, need, roles, rules, apartFrom } = task;
  const owner = rules.every(isOfNodeAlone) ? null : service;
  return JSON.stringify([owner, need, roles ?? null, selectionOf(task), apartFrom, [...fixed].sort()]);
}
