/** What people think of answers. */
import { route } from '../../../core/index.ts'
import { apps } from '../../apps/ports.ts'
import { chatErrors } from '../errors.ts'
import { presentFeedback } from '../presenters/feedback.ts'
import { done, success } from '../schemas/common.ts'
import { feedbackList, feedbackQuery, newFeedback } from '../schemas/feedback.ts'
import { messageParams } from '../schemas/message.ts'
import { feedbacks } from '../services/feedbacks.ts'
import { visits } from '../services/visits.ts'

const withKey = { surface: 'service', credential: 'app', resource: { app: 'key' } } as const

const give = route({
  ...withKey, method: 'POST', path: '/messages/{message_id}/feedbacks', access: 'message:rate', params: messageParams,
  summary: 'Say whether an answer was good',
  description: 'Each side has one opinion of a message: what is sent last holds, and `rating: null` takes it back.',
  uses: { visits, feedbacks },
  body: newFeedback, reply: success, errors: [chatErrors.messageNotFound, chatErrors.invalid],
  handle: async ({ actor, params, body }, { visits, feedbacks }) => {
    const { reach, endUser } = await visits.enter(actor, body.user)
    await feedbacks.give(reach, params.message_id, { side: 'user', id: endUser.id }, body.rating, body.content)
    return done
  },
})

const list = route({
  ...withKey, method: 'GET', path: '/app/feedbacks', access: 'feedback:list',
  summary: 'What people think of the answers of the app',
  description: 'The newest first. Times are in ISO 8601.',
  uses: { apps, feedbacks },
  query: feedbackQuery, reply: feedbackList,
  handle: async ({ actor, query }, { apps, feedbacks }) => ({ data: (await feedbacks.list(await apps.open(actor), query)).map(presentFeedback) }),
})

export const feedbackRoutes = [give, list]
