/** Letters that are told apart by some who write and not by others. */

/** What Unicode does not take for a letter with a mark. */
const letters: Readonly<Record<string, string>> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i', ς: 'σ', ё: 'е' }
const special = /[ßæœøłđðþıςё]/g
const marked = /([\p{sc=Latin}\p{sc=Greek}])\p{M}+/gu

const ascii = /^[\x00-\x7f]*$/

/** A lower-case word without the accents of Latin and Greek letters, so that it is found by whoever leaves them out. */
export const fold = (word: string): string =>
  ascii.test(word) ? word : word.normalize('NFD').replace(marked, '$1').normalize('NFC').replace(special, (letter) => letters[letter] ?? letter)
