import { defineErrors } from '../../core/index.ts'

export const appErrors = defineErrors({
  appNotFound: [404, 'not_found', 'There is no such app.'],
  appClosed: [403, 'forbidden', 'The app of this key is gone, or closed to API keys. Open it in its settings.'],
  appUnavailable: [400, 'app_unavailable', 'The app has no settings yet. Save its model configuration in the console.'],
  siteMissing: [403, 'forbidden', 'The app has no page. Switch it on in its settings.'],
  endUserNotFound: [404, 'end_user_not_found', 'The app knows nobody of that id.'],
  inputInvalid: [400, 'invalid_param', 'An input of the app is not as its form declares it.'],
})
