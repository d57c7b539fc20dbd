/** What answers under faults want of a server: a model that takes its time and sometimes fails, and a look at all that was written. */
import { setTimeout as sleep } from 'node:timers/promises'
import Joi from 'joi'
import { database, defineAdapter, definePlugin, HttpError, route } from '../../core/index.ts'
import { modelProvider } from '../../plugins/models/ports.ts'
import { lastQuestion, toyLlm } from '../support/toy-llm.ts'
import { failsOf, PACE, piecesOf } from './chat-operations.ts'
import type { Change, MessageRow, RunRow, Told } from './chat-operations.ts'

/** Each change of a status is written down by the database itself, whoever makes it. */
const WATCH = `
  CREATE TABLE IF NOT EXISTS faults_changes (at bigserial PRIMARY KEY, what text NOT NULL, id uuid NOT NULL, before text NOT NULL, after text NOT NULL);
  CREATE OR REPLACE FUNCTION faults_note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO faults_changes (what, id, before, after) VALUES (TG_ARGV[0], NEW.id, OLD.status, NEW.status);
      RETURN NULL;
    END $$;
  CREATE OR REPLACE TRIGGER faults_note_run AFTER UPDATE OF status ON runs FOR EACH ROW EXECUTE FUNCTION faults_note('run');
  CREATE OR REPLACE TRIGGER faults_note_message AFTER UPDATE OF status ON messages FOR EACH ROW EXECUTE FUNCTION faults_note('message')`

const millis = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`
const open = { surface: 'root', credential: 'none', access: 'public', resource: 'none', method: 'GET' } as const
const watch = route({
  ...open, path: '/faults/chat-watch', summary: 'Begins to write down how statuses change', reply: Joi.object<{ watching: boolean }>().unknown(), uses: { db: database },
  handle: async (_, { db }) => {
    for (const statement of WATCH.split(/;\n(?=  CREATE)/)) await db.query(statement)
    return { watching: true }
  },
})
const told = route({
  ...open, path: '/faults/chat-told', summary: 'Shows what was asked in one schedule',
  query: Joi.object<{ seed: string }>({ seed: Joi.string().required() }), reply: Joi.object<Told>().unknown(), uses: { db: database },
  handle: async ({ query: { seed } }, { db }) => {
    const messages = await db.query<MessageRow>('SELECT id, query, conversation_id, position, status, answer, error FROM messages WHERE query LIKE $1 ORDER BY created_at', [`ask ${seed}.%`])
    const ids = [messages.map(({ id }) => id)]
    const runs = await db.query<RunRow>(
      `SELECT r.id, a.name AS app, r.subject_id AS message, r.status, r.stopped_by, ${millis('r.created_at')} AS created, ${millis('r.seen_at')} AS seen, ${millis('r.finished_at')} AS finished
       FROM runs r JOIN apps a ON a.id = r.app_id WHERE r.subject_id = ANY ($1::uuid[])`, ids)
    const changes = await db.query<Change>('SELECT what, id, before, after FROM faults_changes WHERE id = ANY ($1::uuid[]) ORDER BY at', [[...ids.flat(), ...runs.map(({ id }) => id)]])
    return { messages, runs, changes }
  },
})
const rest = route({
  ...open, path: '/faults/chat-rest', summary: 'Shows how many answers go on', reply: Joi.object<{ running: number }>().unknown(), uses: { db: database },
  handle: async (_, { db }) => {
    const [row] = await db.query<{ running: number }>(`SELECT (SELECT count(*) FROM runs WHERE status = 'running')::int + (SELECT count(*) FROM messages WHERE status = 'running')::int AS running`)
    return { running: row?.running ?? 0 }
  },
})

const toy = defineAdapter(modelProvider, 'toy', {
  create: () => {
    const llm = toyLlm()
    llm.answer = async function* (request) {
      const question = lastQuestion(request)
      for (const piece of piecesOf(question)) {
        await sleep(PACE)
        yield piece
      }
      if (failsOf(question)) throw new HttpError({ status: 400, code: 'completion_request_error' }, 'The model fails.')
    }
    return llm.provider
  },
})

export default definePlugin({ name: 'faults-chat', kernel: '^1', adapters: [toy], routes: [watch, told, rest] })
