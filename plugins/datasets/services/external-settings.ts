/** The settings of a dataset whose knowledge lies elsewhere. */
import type { DatasetSettings } from '../schemas/dataset.ts'
import type { RetrievalModel } from '../schemas/retrieval-model.ts'
import { withExternal } from './search-settings.ts'

/** What is said of how to index says nothing of it; how it is searched is kept in one place. @param before how it was searched, where somebody said so */
export const asExternal = <S extends DatasetSettings>(said: S, before: RetrievalModel | null): S => ({
  ...said, indexing_technique: null, embedding_model: null, embedding_model_provider: null,
  retrieval_model: said.retrieval_model || said.external_retrieval_model ? withExternal(said.retrieval_model ?? before, said.external_retrieval_model) : null,
})
