/** An answer without a model: the sentences of what was found that say most of what was asked, each with the number of its passage. */
import type { GenerateRequest, PromptMessage } from '../ports.ts'
import { lexicalScorer } from '../rerank/lexical.ts'
import { sentencesOf } from './sentences.ts'

/** Sentences of an answer; each is at least so good in relation to the best. */
const [MOST, ENOUGH] = [3, 0.6]
/** UTF-16 units that are read, of the question and of all passages: an answer takes milliseconds, whatever is sent. */
const [ASKED, READ] = [500, 24_000]
/** Passages come best first, and what a passage is about stands at its beginning: where words decide nothing, this does. */
const [PASSAGE, PLACE] = [0.15, 0.03]
/** What is left of the score of a sentence that asks itself, and of one that is no whole sentence, such as a heading. */
const [ASKING, TITLE] = [0.2, 0.5]

const textOf = ({ content }: PromptMessage): string => typeof content === 'string' ? content : content.map((part) => part.type === 'text' ? part.text : ' ').join('')

/** The last message of the user, without what it quotes itself, and of a long one its end: there people ask. */
const questionOf = (messages: readonly PromptMessage[], passages: readonly string[]): string => {
  const last = messages.findLast(({ role }) => role === 'user')
  const said = passages.reduce((text, passage) => passage.trim() === '' ? text : text.replaceAll(passage.trim(), '\n'), last ? textOf(last) : '').replace(/<\/?\w+>/g, '\n').trim()
  return said.length <= ASKED ? said : said.slice(-ASKED).replace(/^[^\n]*\n(?=[^]*\S)/, '')
}

interface Candidate { readonly sentence: string; readonly passage: number; score: number }
const isQuestion = (sentence: string): boolean => /[?？؟]["'”’」』)）]*$/u.test(sentence)
const isTitle = (sentence: string): boolean => !/[.!?…。！？；|]["'”’」』)）]*$/u.test(sentence) && sentence.split(/\s+/).length < 6 && sentence.length < 60

const candidatesOf = (question: string, passages: readonly string[]): Candidate[] => {
  const score = lexicalScorer(question)
  let left = READ
  return passages.flatMap((text, passage) => {
    const read = text.slice(0, left).replace(/[\ud800-\udbff]$/, '')
    left -= read.length
    let passedOn = 0
    return sentencesOf(read).map((sentence, place): Candidate => {
      const own = score(sentence)
      const [asks, titles] = [isQuestion(sentence), isTitle(sentence)]
      const words = Math.max(passedOn, own * (asks ? ASKING : titles ? TITLE : 1))
      // What follows a question answers it.
      passedOn = asks ? own : 0
      return { sentence, passage, score: words + (asks || titles ? 0 : PASSAGE / (1 + 2 * passage) + PLACE / (1 + place)) }
    })
  })
}

const best = (question: string, passages: readonly string[]): Candidate[] => {
  const seen = new Set<string>()
  const sorted = candidatesOf(question, passages).sort((a, b) => b.score - a.score)
    .filter(({ sentence }) => !seen.has(sentence) && seen.add(sentence))
  return sorted.filter(({ score }) => score >= ENOUGH * (sorted[0]?.score ?? 0)).slice(0, MOST)
}

const isChinese = (text: string): boolean => /\p{sc=Han}/u.test(text) && !/[\p{sc=Hiragana}\p{sc=Katakana}]/u.test(text)
const nothingOn = (question: string): string => isChinese(question)
  ? '我只能根据提供给我的知识来回答，而这次没有找到与问题相符的内容。'
  : 'I can only answer from the knowledge that I am given, and I was given none that fits this question.'

export const extractAnswer = ({ messages, passages = [] }: Pick<GenerateRequest, 'messages' | 'passages'>): string => {
  const question = questionOf(messages, passages)
  const found = best(question, passages)
  if (found.length === 0) return nothingOn(question)
  return found.map(({ sentence, passage }) => `${sentence} [${passage + 1}]`).join(' ')
}
