/** How a program ended, as far as a message tells. */
export interface Exit {
  readonly exitCode?: number;
  readonly signal?: string;
}

/**
 * | message                                  | gives         |
 * |------------------------------------------|---------------|
 * | Command exited with status 3             | exit code 3   |
 * | Container exited with status 7 (docker)  | exit code 7   |
 * | Command terminated with signal Killed    | signal Killed |
 * | anything else                            | nothing       |
 *
 * Docker tells a signal as 128 more than its number (137: Killed); that stays an exit code, as a program may end so.
 */
export function exitOf(message: string | undefined): Exit {
  const code = /^(?:Command|Container) exited with status (\d+)$/.exec(message ?? "")?.[1];
  if (code !== undefined) return { exitCode: Number(code) };
  const signal = /^(?:Command|Container) terminated with signal (.+)$/.exec(message ?? "")?.[1];
  return signal === undefined ? {} : { signal };
}
