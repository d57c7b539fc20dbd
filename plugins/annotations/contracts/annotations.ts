/** The laws of `annotations`, over whatever keeps them: whoever tests it says how apps with written answers come to be. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { database, defineContract } from '../../../core/index.ts'
import type { Database } from '../../../core/index.ts'
import { annotations } from '../ports.ts'
import type { AnnotationAnswer, Annotations } from '../ports.ts'

type OfApp = Parameters<Annotations['answer']>[0]
export interface AnnotationStage {
  /** A new app with these answers to these questions, given from `threshold` on; without a threshold it gives none. */
  app(texts: Readonly<Record<string, string>>, threshold?: number): Promise<OfApp>
  /** How often it answered, and the questions to which it did. */
  hits(app: OfApp, annotationId: string): Promise<{ readonly count: number; readonly questions: readonly string[] }>
  remove(app: OfApp, annotationId: string): Promise<void>
}
const texts = { 'When does the bridge open?': 'At noon.', 'Where is tea served?': 'In the garden.', 'Who feeds the heron?': "Nobody's \"$1\" \\ does.\n数据" }
const [bridge, tea, heron] = Object.keys(texts) as [string, string, string]
const given = async (subject: Annotations, app: OfApp, question: string): Promise<AnnotationAnswer> => {
  const answer = await subject.answer(app, question)
  assert.ok(answer, `nothing answers "${question}"`)
  return answer
}

export const annotationsContract = (stageOf: (db: Database) => AnnotationStage) => defineContract(annotations, {
  uses: { db: database },
  laws: {
    'the nearest answers, word for word, with its author and a score of 0..1': async (subject, { db }) => {
      const app = await stageOf(db).app(texts, 0.9)
      for (const question of [bridge, tea, heron]) {
        const found = await given(subject, app, question)
        assert.equal(found.question, question)
        assert.equal(found.answer, texts[question as keyof typeof texts])
        assert.ok(found.score > 0.99 && found.score <= 1, `the score is ${found.score}`)
        assert.ok(found.id !== '' && found.account.id !== '')
      }
    },
    'a question that is not near enough has no answer, and one that is just as near as it must be has': async (subject, { db }) => {
      const stage = stageOf(db)
      assert.equal(await subject.answer(await stage.app(texts, 0.9), 'Volcanoes erupt as magma rises'), undefined)
      assert.equal((await given(subject, await stage.app(texts, 1), bridge)).answer, 'At noon.')
      assert.ok(await subject.answer(await stage.app(texts, 0), 'Volcanoes erupt as magma rises'))
    },
    'an app that gives none, or has none, gives none; so does an empty question': async (subject, { db }) => {
      const stage = stageOf(db)
      assert.equal(await subject.answer(await stage.app(texts), bridge), undefined)
      assert.equal(await subject.answer(await stage.app({}, 0), bridge), undefined)
      const app = await stage.app(texts, 0)
      for (const question of ['', ' \n']) assert.equal(await subject.answer(app, question), undefined)
      assert.equal(await subject.answer({ workspaceId: app.workspaceId, id: randomUUID() }, bridge), undefined)
    },
    'an app never gives the answers of another, nor under another workspace': async (subject, { db }) => {
      const stage = stageOf(db)
      const [mine, theirs] = [await stage.app({ [tea]: 'Here.' }, 0.9), await stage.app({ [bridge]: 'Never.' }, 0.9)]
      assert.equal(await subject.answer(mine, bridge), undefined)
      assert.equal((await given(subject, theirs, bridge)).answer, 'Never.')
      assert.equal(await subject.answer({ ...theirs, workspaceId: randomUUID() }, bridge), undefined)
    },
    'what is deleted answers no more': async (subject, { db }) => {
      const stage = stageOf(db)
      const app = await stage.app(texts, 0.9)
      await stage.remove(app, (await given(subject, app, bridge)).id)
      assert.equal(await subject.answer(app, bridge), undefined)
      assert.equal((await given(subject, app, tea)).answer, 'In the garden.')
    },
    'each hit is counted once, with the question, in the transaction of the caller; one of what is gone counts nothing': async (subject, { db }) => {
      const stage = stageOf(db)
      const app = await stage.app(texts, 0.9)
      const found = await given(subject, app, bridge)
      const other = await given(subject, app, tea)
      for (const question of ['Open when?', bridge]) await subject.hit(app, found, question, randomUUID(), 'api')
      await assert.rejects(db.transaction(async () => {
        await subject.hit(app, found, 'Undone', randomUUID(), 'console')
        throw new Error('undone')
      }), /undone/)
      await subject.hit({ ...app, id: randomUUID() }, found, 'Elsewhere', randomUUID(), 'api')
      const { count, questions } = await stage.hits(app, found.id)
      assert.deepEqual([count, questions.toSorted()], [2, ['Open when?', bridge]])
      assert.equal((await stage.hits(app, other.id)).count, 0)
      await stage.remove(app, other.id)
      await subject.hit(app, other, tea, randomUUID(), 'api')
    },
    'an aborted question is refused with the reason': async (subject, { db }) => {
      const app = await stageOf(db).app(texts, 0.9)
      const reason = new Error('enough')
      await assert.rejects(subject.answer(app, bridge, AbortSignal.abort(reason)), (error) => error === reason)
    },
  },
})
