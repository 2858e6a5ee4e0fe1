/** Reasons of Leaving by which the endpoints loop tells the load-balancer loop how far an instance has come. */
export const LEAVING = {
  /** Every proxy is to keep its sessions, and to send no new ones. */
  drain: "WithdrawingBalancer",
  /** Its time is over: the proxies are to forget it. */
  remove: "RemovingServer",
  /** Name, route and proxies are gone: the task ends. */
  end: "Ending",
} as const;
