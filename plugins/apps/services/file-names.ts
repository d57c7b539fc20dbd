/** Names that clients give to files. They are labels to show, never part of a path. */
import { appErrors } from '../errors.ts'

const LONGEST = 200
// Control characters, and those that turn the direction of the text around so that `txt.exe` reads as `exe.txt`.
const UNSEEN = /[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069]/gu
const badName = (message: string) => appErrors.inputInvalid(message, { params: 'file' })

/** The name without unseen characters, at most 200 code points long with its ending kept. Throws 400 where it looks like a path or nothing is left. */
export const fileLabel = (given: string): string => {
  const name = given.replace(UNSEEN, '').trim()
  if (/[/\\]/.test(name)) throw badName('The file name has a slash in it. Send the name alone, without a path.')
  if (name === '') throw badName('The file name is empty. Send the file with a name.')
  return shorten(name, LONGEST)
}

/** What stands after the last dot, lower case; empty where there is none. */
export const extensionOf = (name: string): string => /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''

/** The name under which a file is saved by whoever fetches it: a file of that ending in the folder that they chose, whatever their system. */
export const savedName = (label: string, extension: string): string => {
  const name = label.replace(UNSEEN, '').replace(/[<>:"/\\|?*;%\u061C\u200E\u200F]/g, '_').replace(/^[.\s]+|[.\s]+$/g, '') || 'file'
  return extension === '' || extensionOf(name) === extension ? name : `${name}.${extension}`
}

const shorten = (name: string, length: number): string => {
  const characters = [...name]
  if (characters.length <= length) return name
  const ending = [...extensionOf(name)].length < 20 ? [.../\.[^.]+$/.exec(name)?.[0] ?? ''] : []
  return [...characters.slice(0, length - ending.length), ...ending].join('')
}
