/** How an app is set up: what its settings take and come to, what its clients are told, its page, prompts to begin with. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import { appParameter, apps } from '../plugins/apps/ports.ts'
import type { ModelConfig } from '../plugins/apps/ports.ts'
import { readModelConfig } from '../plugins/apps/services/model-normalising.ts'
import { datasets } from '../plugins/datasets/ports.ts'
import { models } from '../plugins/models/ports.ts'
import { appServer } from './support/apps.ts'
import type { Answer, AppServer, Person } from './support/apps.ts'
import { put } from './support/sample.ts'
import type { Path } from './support/sample.ts'

let server: AppServer
let ada: Person
test.before(async () => {
  server = await appServer({ fakes: { [appParameter.id]: new Map([['annotation-reply', { of: () => Promise.resolve({ enabled: true, score_threshold: 0.9 }) }]]) } })
  ada = await server.owner('ada')
})
test.after.always(() => server.app.close())

const model = { provider: 'toy', name: 'echo', completion_params: { temperature: 0.5, stop: ['END'] } }
const make = async (mode = 'chat', who = ada): Promise<string> => (await server.ask(who, 'POST', '/apps', { name: 'An app', mode })).body.id as string
const save = (id: string, config: object, who = ada): Promise<Answer> => server.ask(who, 'POST', `/apps/${id}/model-config`, { model, ...config })
const stored = async (id: string): Promise<ModelConfig> => {
  const port = server.app.resolve(apps)
  return (await port.configured(await port.find(ada.workspaceId, id))).config
}
const fields = (...list: [string, object][]) => ({ user_input_form: list.map(([type, field]) => ({ [type]: { label: 'Label', ...field } })) })

test.serial('a save is a version of its own: what clients are told changes, what began with another does not', async (t) => {
  const id = await make()
  const port = server.app.resolve(apps)
  const before = await port.configured(await port.find(ada.workspaceId, id))
  t.deepEqual((await save(id, { pre_prompt: 'Be brief, {{name}}.', opening_statement: 'Hello', suggested_questions: ['Why?'], ...fields(['text-input', { variable: 'name', max_length: 20, hide: false }]) })).body, { result: 'success' })
  const after = await port.configured(await port.find(ada.workspaceId, id))
  t.like(after.config, { model: { ...model, mode: 'chat' }, pre_prompt: 'Be brief, {{name}}.', prompt_type: 'simple', retriever_resource: { enabled: true }, agent_mode: { enabled: false, max_iteration: 10 } })
  t.like(port.form(after.config), [{ type: 'text-input', variable: 'name', required: false, max_length: 20, hide: false }])
  t.deepEqual((await port.configured(after, before.configId)).config, before.config)

  const key = (await server.ask(ada, 'POST', `/apps/${id}/api-keys`, {})).body.token as string
  const { status, body } = await server.call(key, '/parameters')
  t.is(status, 200)
  t.deepEqual(body, {
    opening_statement: 'Hello', suggested_questions: ['Why?'], suggested_questions_after_answer: { enabled: false }, speech_to_text: { enabled: false }, more_like_this: { enabled: false },
    text_to_speech: { enabled: false, voice: '', language: '', autoPlay: 'disabled' }, retriever_resource: { enabled: true }, annotation_reply: { enabled: true, score_threshold: 0.9 },
    user_input_form: [{ 'text-input': { variable: 'name', label: 'Label', required: false, max_length: 20, hide: false } }], sensitive_word_avoidance: { enabled: false, type: '', configs: [] },
    file_upload: after.config.file_upload, system_parameters: { image_file_size_limit: 10, video_file_size_limit: 100, audio_file_size_limit: 50, file_size_limit: 15, workflow_file_upload_limit: 10 },
  })
  // What is read may be sent back as it is.
  const { model_config: read } = (await server.ask(ada, 'GET', `/apps/${id}`)).body as { model_config: object }
  t.like(read, { annotation_reply: { enabled: true } })
  t.is((await save(id, { ...read, model: { ...model } })).status, 200)
  t.deepEqual(await stored(id), after.config)
})

test.serial('older and newer forms come to the same', (t) => {
  const read = (config: object): ModelConfig => readModelConfig({ model, ...config })
  const image = { enabled: true, number_limits: 2, detail: 'low', transfer_methods: ['local_file'] }
  t.deepEqual(read({ file_upload: { image } }).file_upload, { enabled: true, allowed_file_types: ['image'], allowed_file_extensions: [], allowed_file_upload_methods: ['local_file'], number_limits: 2, image: image as never })
  t.like(read({ file_upload: { enabled: true, allowed_file_types: ['document', 'image'], allowed_file_upload_methods: ['remote_url'], number_limits: 4, image: { detail: 'low' }, fileUploadConfig: { x: 1 } } }).file_upload, {
    allowed_file_types: ['document', 'image'], image: { enabled: true, number_limits: 4, detail: 'low', transfer_methods: ['remote_url'] }, fileUploadConfig: { x: 1 },
  })
  t.like(read({ file_upload: { enabled: false, image } }).file_upload, { enabled: false, image: { enabled: false } })
  t.like(read({ file_upload: { enabled: true, allowed_file_types: ['audio'] } }).file_upload, { number_limits: 3, image: { enabled: false } })
  const reranking_model = { reranking_provider_name: 'toy', reranking_model_name: 'r' }
  for (const spelling of ['reranking_enable', 'reranking_enabled']) {
    for (const said of [true, false]) t.is(read({ dataset_configs: { [spelling]: said, reranking_model } }).dataset_configs.reranking_enable, said)
    t.false(read({ dataset_configs: { [spelling]: true } }).dataset_configs.reranking_enable, 'no model is named')
  }
  t.false('reranking_enabled' in read({ dataset_configs: { reranking_enabled: true } }).dataset_configs)
  const id = randomUUID()
  const old = read({ agent_mode: { enabled: true, strategy: 'router', tools: [{ dataset: { enabled: true, id: id.toUpperCase() } }, { provider_id: 'x' }] } })
  t.deepEqual(old.dataset_configs.datasets, { datasets: [{ dataset: { enabled: true, id } }] })
  t.deepEqual(old.agent_mode.tools, [{ provider_id: 'x' }])
  const nulls = Object.fromEntries(Object.keys(old).filter((key) => key !== 'model').map((key) => [key, null]))
  t.deepEqual(read(nulls), read({}))
  t.deepEqual(read(read({ ...fields(['number', { variable: 'n', default: '' }]) })), read({ ...fields(['number', { variable: 'n', default: '' }]) }))
})

const words = { inputs_config: { enabled: true, preset_response: 'No.' }, keywords: 'bad\nworse' }
const avoid = (config: object, type = 'keywords') => ({ sensitive_word_avoidance: { enabled: true, type, config } })
const wrong: readonly (readonly [object, string, RegExp])[] = [
  [{ model: { provider: 'toy', name: 'no such' } }, 'model', /no such/], [{ model: { provider: 'nobody', name: 'echo' } }, 'model', /nobody/], [{ model: { provider: 'toy', name: 'judge' } }, 'model', /llm model "judge"/],
  [{ model: { ...model, completion_params: { temperature: 3 } } }, 'model.completion_params', /temperature.*at most 2/], [{ model: { ...model, completion_params: { max_tokens: 1.5 } } }, 'model.completion_params', /max_tokens.*whole/],
  [{ model: { ...model, completion_params: { warmth: 1 } } }, 'model.completion_params', /no parameter "warmth".*temperature, max_tokens/], [{ model: { ...model, completion_params: { temperature: '1' } } }, 'model.completion_params', /number/],
  [{ model: { ...model, completion_params: { stop: [1] } } }, 'model.completion_params.stop.0', /string/], [{ pre_promt: 'x' }, 'pre_promt', /not allowed/], [{ pre_prompt: 'a\0b' }, 'pre_prompt', /NUL/],
  [{ user_input_form: [{ wish: { variable: 'a' } }] }, 'user_input_form.0.wish', /not allowed/], [{ user_input_form: [{}] }, 'user_input_form.0', /one key/],
  [fields(['paragraph', { variable: '1a' }]), 'user_input_form.0.paragraph.variable', /begins with no digit/], [fields(['paragraph', { variable: 'a' }], ['number', { variable: 'a' }]), 'user_input_form', /two fields.*"a"/],
  [fields(['select', { variable: 'a', options: ['x'], default: 'y' }]), 'user_input_form.0.select', /options: "x"/], [fields(['select', { variable: 'a' }]), 'user_input_form.0.select.options', /required/],
  [fields(['number', { variable: 'a', default: 'many' }]), 'user_input_form.0.number', /number/],
  [avoid({ ...words, keywords: ' ' }), 'sensitive_word_avoidance', /keywords is needed/], [avoid({ keywords: 'x' }), 'sensitive_word_avoidance', /neither side/],
  [avoid({ ...words, outputs_config: { enabled: true } }), 'sensitive_word_avoidance', /preset_response/], [avoid({ ...words, inputs_config: { enabled: true, preset_response: 'x'.repeat(101) } }), 'sensitive_word_avoidance.config.inputs_config.preset_response', /100/],
  [avoid(words, 'api'), 'sensitive_word_avoidance', /no extension|has none/], [avoid(words, 'guess'), 'sensitive_word_avoidance.type', /one of/], [avoid(words, ''), 'sensitive_word_avoidance', /type is needed/],
  [{ prompt_type: 'advanced' }, 'chat_prompt_config', /no message/], [{ external_data_tools: [{ enabled: true }] }, 'external_data_tools', /no external data tools/],
  [{ dataset_configs: { datasets: { datasets: [{ dataset: { enabled: true, id: 'x' } }] } } }, 'dataset_configs.datasets.datasets.0.dataset.id', /GUID/],
  [{ dataset_configs: { datasets: { datasets: [{ dataset: { enabled: true, id: randomUUID() } }] } } }, 'dataset_configs.datasets', /no knowledge base/], [{ dataset_configs: { top_k: 0 } }, 'dataset_configs.top_k', /1/],
  [{ dataset_configs: { reranking_enable: true, reranking_model: { reranking_provider_name: 'toy', reranking_model_name: 'none' } } }, 'dataset_configs.reranking_model', /rerank model "none"/],
  [{ suggested_questions_after_answer: { enabled: true, model: { provider: 'toy', name: 'gone' } } }, 'suggested_questions_after_answer.model', /gone/],
  [{ file_upload: { enabled: true, allowed_file_types: ['film'] } }, 'file_upload.allowed_file_types.0', /one of/],
]
test.serial('what cannot be is refused with 400, and named; nothing changes', async (t) => {
  const id = await make()
  const before = await stored(id)
  for (const [config, field, message] of wrong) {
    const { status, body } = await save(id, config)
    t.like({ status, code: body.code, params: body.params }, { status: 400, code: 'invalid_param', params: field }, JSON.stringify([config, body]))
    t.regex(body.message as string, message)
  }
  t.deepEqual(await stored(id), before)
  t.is((await server.ask(ada, 'POST', `/apps/${id}/model-config`, {})).body.params, 'model')
  t.regex((await save(await make('workflow'), {})).body.message as string, /graph/)
  const deep = JSON.parse(`${'{"a":'.repeat(300)}1${'}'.repeat(300)}`) as object
  t.regex((await save(id, { file_upload: { enabled: false, more: deep } })).body.message as string, /deeply/)
})

test.serial('what can be is taken: words to avoid, prompts of one\'s own, knowledge, agents', async (t) => {
  const id = await make()
  t.is((await save(id, avoid({ ...words, inputs_config: { enabled: true, preset_response: '不'.repeat(100) } }))).status, 200)
  t.is((await save(id, avoid({ outputs_config: words.inputs_config }, 'openai_moderation'))).status, 200)
  t.is((await save(id, { sensitive_word_avoidance: { enabled: false, type: 'api', configs: [] } })).status, 200)
  t.is((await save(id, { prompt_type: 'advanced', chat_prompt_config: { prompt: [{ role: 'system', text: '{{#context#}}{{#histories#}}{{#query#}}' }] } })).status, 200)
  t.is((await save(id, { model: { ...model, name: 'complete', mode: 'chat' }, prompt_type: 'advanced', completion_prompt_config: { prompt: { text: '{{#query#}}' }, conversation_histories_role: { user_prefix: 'You' } } })).status, 200)
  t.like(await stored(id), { model: { mode: 'completion' }, completion_prompt_config: { conversation_histories_role: { user_prefix: 'You', assistant_prefix: 'Assistant' } } })
  t.is((await save(id, { agent_mode: { enabled: true, strategy: 'router', tools: [] } })).status, 200)
  t.is((await server.ask(ada, 'GET', `/apps/${id}`)).body.mode, 'chat')
  t.is((await save(id, { agent_mode: { enabled: true, strategy: 'function_call', tools: [{ provider_id: 'time', enabled: true }] } })).status, 200)
  t.is((await server.ask(ada, 'GET', `/apps/${id}`)).body.mode, 'agent-chat')

  const { id: datasetId } = await server.app.resolve(datasets).create(ada, { name: 'Kept to oneself', indexingTechnique: 'economy' })
  const knowledge = { dataset_configs: { datasets: { datasets: [{ dataset: { enabled: true, id: datasetId } }] } } }
  const editor = await server.member(ada.workspaceId, 'editor', 'ed')
  t.is((await save(id, knowledge, editor)).status, 403)
  t.is((await save(id, knowledge)).status, 200)
  const foreign = await server.owner('eve')
  const theirs = await make('chat', foreign)
  t.like((await save(theirs, knowledge, foreign)).body, { status: 400, params: 'dataset_configs.datasets' })
  const writer = await make('completion')
  t.like((await save(writer, knowledge)).body, { params: 'dataset_query_variable' })
  t.regex((await save(writer, { ...knowledge, dataset_query_variable: 'q' })).body.message as string, /"q", which is no field/)
  t.is((await save(writer, { ...knowledge, dataset_query_variable: 'q', ...fields(['paragraph', { variable: 'q' }]) })).status, 200)
  t.is((await server.app.resolve(models).find(ada.workspaceId, { provider: 'toy', model: 'echo' }, 'llm'))?.name, 'echo')
})

const places = (value: unknown, path: Path = []): Path[] => typeof value !== 'object' || value === null ? [path]
  : [path, ...Object.entries(value).flatMap(([name, one]) => places(one, [...path, Array.isArray(value) ? Number(name) : name]))]
test.serial('whatever stands wherever in right settings, they are taken or refused with words', async (t) => {
  const id = await make()
  const right = {
    ...await stored(id), ...avoid(words), file_upload: { enabled: true, allowed_file_types: ['image'], number_limits: 2, image: { detail: 'low' }, other: { a: [1] } },
    ...fields(['select', { variable: 'a', options: ['x'], default: 'x' }], ['number', { variable: 'b', default: 1 }], ['file-list', { variable: 'c', max_length: 2 }]),
    dataset_configs: { reranking_mode: 'weighted_score', weights: { vector_setting: { vector_weight: 0.7 }, keyword_setting: { keyword_weight: 0.3 } }, metadata_filtering_conditions: { logical_operator: 'or', conditions: [{ name: 'n', comparison_operator: 'is', value: 'x' }] } },
    suggested_questions_after_answer: { enabled: true, prompt: 'Ask.', model }, agent_mode: { enabled: false, tools: [{ a: 1 }], prompt: 'x' }, model,
  }
  t.is((await save(id, right)).status, 200)
  const anything = fc.oneof(fc.constantFrom<unknown>('a\0b', '\ud800', '', null, true, -1, 0, 1e308, 2 ** 31, 0.5, [], {}, ['\0'], { a: '\0' }, { '\0': 1 }, 'x'.repeat(70_000), '__proto__'), fc.string({ unit: 'binary', maxLength: 20 }), fc.jsonValue({ maxDepth: 2 }))
  const cases = fc.sample(fc.tuple(fc.constantFrom(...places(right).slice(1)), anything), 120)
  // They took a while to make, in which the server may have closed a connection: the client has to see that first.
  await sleep(50)
  const seen = new Set<number>()
  for (const [path, value] of cases) {
    const answer = await save(id, put(right, path, value) as object)
    seen.add(answer.status)
    t.true(answer.status === 200 || answer.status === 400, `${JSON.stringify([path, value])}: ${JSON.stringify(answer)}`)
    if (answer.status === 200) t.is((await server.ask(ada, 'GET', `/apps/${id}`)).status, 200, JSON.stringify([path, value]))
  }
  t.deepEqual([...seen].sort(), [200, 400])
})

test.serial('the page of an app: its looks change, its address is given anew', async (t) => {
  const id = await make()
  const { body: before } = await server.ask(ada, 'GET', `/apps/${id}/site`)
  const { status, body } = await server.ask(ada, 'POST', `/apps/${id}/site`, { title: 'Ask us', default_language: 'de-DE', chat_color_theme_inverted: true, custom_disclaimer: 'No advice.', icon_type: 'link', icon: 'https://example.org/i.png' })
  t.is(status, 200)
  t.like(body, { ...before, title: 'Ask us', default_language: 'de-DE', chat_color_theme_inverted: true, custom_disclaimer: 'No advice.', icon_type: 'link', icon: 'https://example.org/i.png', icon_url: 'https://example.org/i.png', updated_at: body.updated_at })
  const { body: reset } = await server.ask(ada, 'POST', `/apps/${id}/site/access-token-reset`)
  t.not(reset.code, before.code)
  t.is(reset.access_token, reset.code)
  t.is(reset.title, 'Ask us')
  for (const one of [{ title: '' }, { default_language: '<b>' }, { code: 'mine' }, { customize_token_strategy: 'x' }]) t.is((await server.ask(ada, 'POST', `/apps/${id}/site`, one)).status, 400, JSON.stringify(one))
  t.like((await server.ask(ada, 'POST', `/apps/${id}/site-enable`, { enable_site: false })).body, { enable_site: false, site: { title: 'Ask us' } })
  const script = await server.ask(ada, 'POST', `/apps/${id}/icon`, { icon_type: 'link', icon: 'javascript:alert(1)' })
  t.is(script.body.icon_url, null)
})

test.serial('prompts to begin with, by app and model', async (t) => {
  const template = async (query: string): Promise<Record<string, any>> => (await server.ask(ada, 'GET', `/app/prompt-templates?${query}`)).body as Record<string, any>
  const placed = (text: string): string[] => text.match(/\{\{#\w+#\}\}/g) ?? []
  t.deepEqual(placed((await template('app_mode=chat&model_mode=chat'))['chat_prompt_config'].prompt[0].text as string), ['{{#context#}}', '{{#pre_prompt#}}'])
  t.deepEqual(placed((await template('app_mode=chat&model_mode=chat&has_context=false'))['chat_prompt_config'].prompt[0].text as string), ['{{#pre_prompt#}}'])
  const completion = await template('app_mode=chat&model_mode=completion&model_name=gpt')
  t.deepEqual(placed(completion['completion_prompt_config'].prompt.text as string), ['{{#context#}}', '{{#pre_prompt#}}', '{{#histories#}}', '{{#query#}}'])
  t.deepEqual(completion['stop'], ['Human:'])
  t.deepEqual((await template('app_mode=chat&model_mode=completion&model_name=Baichuan2'))['completion_prompt_config'].conversation_histories_role, { user_prefix: '用户', assistant_prefix: '助手' })
  for (const mode of ['chat', 'completion']) t.is(Object.keys(await template(`app_mode=completion&model_mode=${mode}`)).length, 1)
  t.deepEqual(await template('app_mode=workflow&model_mode=chat'), {})
  t.is((await server.ask(ada, 'GET', '/app/prompt-templates')).status, 400)
})
