/** OpenAI itself: its address and models are known. */
import { ofOpenAi } from '../ai-sdk/known-models.ts'
import { openAiProvider } from '../openai/provider.ts'

export const openAi = openAiProvider({
  vendor: 'openai', baseUrl: 'https://api.openai.com/v1', models: ofOpenAi,
  // One that thinks would refuse to end before it has said anything.
  brief: (model) => /^(o\d|gpt-[5-9])/.test(model) ? { reasoning_effort: 'low' } : { max_tokens: 16 },
})
