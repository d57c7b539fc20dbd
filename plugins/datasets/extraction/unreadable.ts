/** What is wrong with a file, in words for whoever sent it. A function of its own, so that it can be told from what a parser throws. */
const NAME = 'Unreadable'

export const unreadable = (message: string, cause?: unknown): Error => Object.assign(new Error(message, { cause }), { name: NAME })

/** Whatever a parser threw, as an error that helps. */
export const asUnreadable = (error: unknown, name: string): Error => {
  const { message, name: kind } = error as Error
  if (kind === NAME) return error as Error
  if (error instanceof RangeError && message.includes('call stack')) return unreadable(`"${name}" is nested too deeply to be read. Save it as plain text and send that.`, error)
  return unreadable(`"${name}" cannot be read: it seems to be damaged (${message.slice(0, 200)}). Open it where it was made, save it anew and upload it again.`, error)
}

export const tooMuchMemory = (name: string, mb: number, cause?: unknown): Error =>
  unreadable(`"${name}" takes more than ${mb} MB of memory to read. Split it into several files, or raise extractMb of the datasets plugin.`, cause)
