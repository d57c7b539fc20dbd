/** Whatever speaks the protocol of OpenAI: Azure, Ollama, vLLM and many more. */
import { openAiProvider } from '../openai/provider.ts'

export const openAiCompatible = openAiProvider({ vendor: 'openai-compatible', brief: () => ({ max_tokens: 16 }) })
