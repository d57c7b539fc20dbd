/** What serves `extractor`. */
import { book } from './book.ts'
import { captions } from './captions.ts'
import { csv } from './csv.ts'
import { html } from './html.ts'
import { json } from './json.ts'
import { markdown } from './markdown.ts'
import { pdf } from './pdf.ts'
import { properties } from './properties.ts'
import { sheet } from './sheet.ts'
import { slides } from './slides.ts'
import { text } from './text.ts'
import { word } from './word.ts'

export const extractors = [text, markdown, html, pdf, word, sheet, csv, slides, book, captions, properties, json]
