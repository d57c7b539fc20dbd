/**
 * Preloaded into a process (`--import`), it lets that process' clock be moved while it runs: `child.send({ clock: milliseconds })`.
 * Timers and `performance` go on as they were, as they do when somebody sets the time of a machine.
 */
const Real = Date
let offset = 0
const now = (): number => Real.now() + offset

const Moved = new Proxy(Real, {
  construct: (target, args: unknown[], newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
  apply: () => new Real(now()).toString(),
  get: (target, key, receiver) => key === 'now' ? now : Reflect.get(target, key, receiver) as unknown,
})
Real.prototype.constructor = Moved
globalThis.Date = Moved

process.on('message', (message: { readonly clock?: number }) => { if (message.clock !== undefined) offset = message.clock })
// To listen for messages is no reason to live on.
process.channel?.unref()
