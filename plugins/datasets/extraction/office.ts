/** Files of Office since 2007: opened, and checked to be what their name says. */
import { zipSync } from 'fflate'
import { openArchive } from './archive.ts'
import type { Archive } from './archive.ts'
import { packageKind } from './package-parts.ts'
import { otherKind, SIGNED } from './sniff.ts'
import type { Kind } from './sniff.ts'
import type { Source } from './source.ts'

export const openPackage = (source: Source, kind: Kind, main: RegExp): Archive => {
  const archive = openArchive(source.bytes, source)
  if (!archive.names.some((part) => main.test(part))) throw otherKind(source.name, SIGNED[kind].label, packageKind(archive))
  return archive
}

/** For parsers that unpack by themselves: the same parts, unpacked and counted already. Pictures and the like are left out. */
export const repacked = (archive: Archive): Uint8Array<ArrayBuffer> => {
  const parts = archive.names.filter((name) => /\.(xml|rels)$/.test(name)).map((name) => [name, archive.part(name) ?? new Uint8Array()] as const)
  return zipSync(Object.fromEntries(parts), { level: 0 })
}
