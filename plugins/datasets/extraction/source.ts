/** What a parser gets that runs in a thread of its own. */
export interface Source {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly name: string
  readonly unpackedBytes: number
}
