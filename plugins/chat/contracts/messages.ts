/** The laws of `messages`, over whatever keeps them: whoever tests it says how a message comes to be. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { defineContract } from '../../../core/index.ts'
import { messages } from '../ports.ts'
import type { Messages } from '../ports.ts'

type OfApp = Parameters<Messages['find']>[0]
export interface MessageStage {
  /** A new app with one message. */
  message(query: string, answer: string): Promise<{ readonly app: OfApp; readonly id: string; readonly conversationId: string }>
}
export const messagesContract = (stage: MessageStage) => defineContract(messages, {
  laws: {
    'a message is told as it was said, with its conversation': async (subject) => {
      for (const [query, answer] of [['Is it so?', 'It is.'], ["'\"$1\\ 数据 \u2028", '']] as const) {
        const { app, id, conversationId } = await stage.message(query, answer)
        assert.deepEqual(await subject.find(app, id), { id, conversationId, query, answer })
      }
    },
    'one of another app, of another workspace, or of none is not there': async (subject) => {
      const [mine, theirs] = [await stage.message('mine', 'a'), await stage.message('theirs', 'b')]
      assert.equal(await subject.find(mine.app, theirs.id), undefined)
      assert.equal(await subject.find({ ...mine.app, workspaceId: randomUUID() }, mine.id), undefined)
      assert.equal(await subject.find({ ...mine.app, id: randomUUID() }, mine.id), undefined)
      assert.equal(await subject.find(mine.app, randomUUID()), undefined)
    },
  },
})
