/** Work of one kind that is done one at a time in this process. Work of different keys does not wait for each other; what fails holds up nobody. */
export type InTurn = <T>(key: string, work: () => Promise<T>) => Promise<T>

export const takingTurns = (): InTurn => {
  const turns = new Map<string, Promise<unknown>>()
  return (key, work) => {
    const turn = (turns.get(key) ?? Promise.resolve()).then(work)
    const settled = turn.catch(() => undefined).finally(() => { if (turns.get(key) === settled) turns.delete(key) })
    turns.set(key, settled)
    return turn
  }
}
