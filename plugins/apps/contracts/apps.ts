/** The laws of `apps`, over whatever keeps them: whoever tests it says how apps come to be. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { defineContract, HttpError } from '../../../core/index.ts'
import type { Actor } from '../../../core/index.ts'
import { apps } from '../ports.ts'
import type { App, InputField, ModelConfig } from '../ports.ts'

export interface AppStage {
  /** A new app of a workspace of its own, with settings whose opening statement this is; without one it has none. */
  app(name: string, opening?: string): Promise<App>
  /** Other settings, from now on. */
  save(app: App, opening: string): Promise<void>
  /** Opens it to keys, or closes it. */
  open(app: App, open: boolean): Promise<void>
  remove(app: App): Promise<void>
}

const keyOf = ({ workspaceId, id }: Pick<App, 'workspaceId' | 'id'>): Actor =>
  ({ kind: 'key', id: randomUUID(), workspaceId, accountId: randomUUID(), appId: id, can: () => true, reach: () => [] })
const refused = (status: number, code: string) => (error: unknown): boolean => error instanceof HttpError && error.status === status && error.code === code
const entry = (type: string, field: Partial<InputField> = {}): ModelConfig['user_input_form'][number] => ({ [type]: { variable: 'it', label: 'It', required: false, ...field } })
const withForm = (...user_input_form: ModelConfig['user_input_form'][number][]): ModelConfig => ({ user_input_form }) as unknown as ModelConfig
const file = { type: 'image', transfer_method: 'remote_url', url: 'https://example.org/a.png' }
const options = ['red', 'blue']

/** By type: the field, what is taken, and as what. */
const taken: readonly (readonly [string, Partial<InputField>, unknown, unknown])[] = [
  ['text-input', { max_length: 3 }, '😀😀😀', '😀😀😀'], ['paragraph', {}, 'a\0b', 'ab'], ['paragraph', {}, '', ''],
  ['select', { options }, 'blue', 'blue'], ['select', { options }, '', null],
  ['number', {}, 0, 0], ['number', {}, '-2.5', -2.5], ['number', {}, '7', 7], ['number', {}, '', null],
  ['checkbox', {}, false, false], ['checkbox', {}, 1, true], ['checkbox', {}, 'Yes', true], ['checkbox', {}, 'off', false],
  ['json_object', {}, { a: ['b\0'] }, { a: ['b'] }], ['file', {}, file, file], ['file', {}, '', null], ['file-list', { max_length: 2 }, [file, file], [file, file]],
]
const notTaken: readonly (readonly [string, Partial<InputField>, unknown])[] = [
  ['text-input', { max_length: 2 }, 'abc'], ['text-input', {}, 5], ['paragraph', {}, { a: 1 }], ['select', { options }, 'green'], ['select', { options, required: true }, ''],
  ['number', {}, 'many'], ['number', {}, true], ['number', {}, '1e999'], ['number', {}, `${'1'.repeat(200_000)}x`], ['number', { required: true }, ''], ['checkbox', {}, 'perhaps'], ['checkbox', {}, 2],
  ['json_object', {}, '{}'], ['json_object', {}, []], ['file', {}, [file]], ['file', {}, { ...file, url: 5 }], ['file', {}, { ...file, type: 'film' }], ['file-list', {}, file],
  ['file-list', { max_length: 1 }, [file, file]], ['file-list', {}, ['']], ['paragraph', { required: true }, undefined], ['number', { required: true }, null],
]

export const appsContract = (stage: AppStage) => defineContract(apps, {
  laws: {
    'opens the app of a key, and to the key of one that is gone, closed or elsewhere says 403': async (subject) => {
      const app = await stage.app('opened')
      assert.deepEqual(await subject.open(keyOf(app)), app)
      const closed = refused(403, 'forbidden')
      await assert.rejects(subject.open(keyOf({ ...app, workspaceId: randomUUID() })), closed)
      await assert.rejects(subject.open(keyOf({ ...app, id: randomUUID() })), closed)
      const ofNone: Actor = { kind: 'key', id: randomUUID(), workspaceId: app.workspaceId, can: () => true, reach: () => [] }
      await assert.rejects(subject.open(ofNone), closed)
      await stage.open(app, false)
      await assert.rejects(subject.open(keyOf(app)), closed)
      await stage.open(app, true)
      assert.equal((await subject.open(keyOf(app))).id, app.id)
      await stage.remove(app)
      await assert.rejects(subject.open(keyOf(app)), closed)
    },
    'finds an app in its own workspace alone, closed or not': async (subject) => {
      const [app, other] = [await stage.app('found'), await stage.app('other')]
      await stage.open(app, false)
      assert.deepEqual(await subject.find(app.workspaceId, app.id), app)
      for (const [workspaceId, id] of [[other.workspaceId, app.id], [app.workspaceId, other.id], [app.workspaceId, randomUUID()]] as const) {
        await assert.rejects(subject.find(workspaceId, id), refused(404, 'not_found'))
      }
    },
    'names those that there are, in their own workspace alone': async (subject) => {
      const [app, other] = [await stage.app('named'), await stage.app('elsewhere')]
      assert.deepEqual([...await subject.names(app.workspaceId, [other.id, randomUUID(), app.id])], [[app.id, 'named']])
      assert.equal((await subject.names(app.workspaceId, [])).size, 0)
    },
    'keeps each version of the settings: what began with one goes on with it': async (subject) => {
      const app = await stage.app('pinned', 'first')
      const before = await subject.configured(app)
      assert.equal(before.config.opening_statement, 'first')
      await stage.save(app, 'second')
      const after = await subject.configured(app)
      assert.equal(after.config.opening_statement, 'second')
      assert.notEqual(after.configId, before.configId)
      assert.deepEqual(await subject.configured(app, before.configId), before)
    },
    'has no settings for an app without them, nor those of another': async (subject) => {
      const [bare, app] = [await stage.app('bare'), await stage.app('set up', 'mine')]
      const { configId } = await subject.configured(app)
      for (const [one, version] of [[bare, undefined], [bare, configId], [app, randomUUID()], [{ ...app, workspaceId: bare.workspaceId }, configId]] as const) {
        await assert.rejects(subject.configured(one, version), refused(400, 'app_unavailable'))
      }
    },
    'tells the fields of a form in their order, each with its type': (subject) => {
      const form = subject.form(withForm(entry('select', { variable: 'b', options }), entry('number', { variable: 'a', required: true })))
      assert.deepEqual(form.map(({ type, variable, required }) => [type, variable, required]), [['select', 'b', false], ['number', 'a', true]])
      assert.deepEqual(form[0]?.options, options)
    },
    'takes what is declared, and nothing else; what is missing has its default, or is null': (subject) => {
      const config = withForm(entry('paragraph'), entry('number', { variable: 'n', default: '4' }), entry('checkbox', { variable: 'constructor' }))
      assert.deepEqual(subject.inputs(config, { it: 'x', more: 'y', n: null }), { it: 'x', n: 4, constructor: null })
      assert.deepEqual(subject.inputs(config, { n: 5 }), { it: null, n: 5, constructor: null })
      assert.deepEqual(subject.inputs(withForm(), { it: 'x' }), {})
    },
    'reads each type as clients write it': (subject) => {
      for (const [type, field, value, expected] of taken) {
        assert.deepEqual(subject.inputs(withForm(entry(type, field)), { it: value }), { it: expected }, `${type}: ${JSON.stringify(value)}`)
      }
    },
    'refuses what does not fit, and names it': (subject) => {
      for (const [type, field, value] of notTaken) {
        assert.throws(() => subject.inputs(withForm(entry(type, field)), { it: value }),
          (error) => error instanceof HttpError && error.status === 400 && error.code === 'invalid_param' && error.message.includes('"it"'), `${type}: ${JSON.stringify(value)}`)
      }
    },
  },
})
