/** What the first document decides for its dataset: how it is indexed, by which model, how it is searched. */
import { service } from '../../../core/index.ts'
import type { ModelRef } from '../../models/ports.ts'
import { datasetErrors, invalid } from '../errors.ts'
import { Dataset, embeddingModelOf } from '../models/dataset.ts'
import type { DatasetRow, IndexingTechnique } from '../models/dataset.ts'
import type { DocumentSettings } from '../schemas/document.ts'
import { DEFAULT_RETRIEVAL } from '../schemas/retrieval-model.ts'
import { modelChoice } from './model-choice.ts'
import { modelPairs } from './model-pairs.ts'

export interface Settled {
  readonly technique: IndexingTechnique
  readonly model: ModelRef | undefined
  /** Makes questions and answers of texts, where the documents have that form and the workspace has one that can. */
  readonly writer?: ModelRef | undefined
}
/** What of a dataset a first document decides, of one that may not be there yet. */
export type Undecided = Pick<DatasetRow, 'workspace_id' | 'provider' | 'indexing_technique' | 'embedding_model' | 'embedding_model_provider' | 'doc_form'>
export interface FirstDocument {
  /** Checks what a document asks for. Asks for models, so it goes before the transaction. Throws 400. */
  settle(dataset: Undecided, given: DocumentSettings): Promise<Settled>
  /** In the transaction, with the dataset locked: fills in what is open. What is decided already stays. Gives the form of its documents. Throws 400. */
  decide(dataset: DatasetRow, settled: Settled, given: DocumentSettings): Promise<string>
}

export const firstDocument = service('datasets.first-document', {
  uses: { Dataset, modelChoice, modelPairs },
  create: ({ Dataset, modelChoice, modelPairs }): FirstDocument => ({
    settle: async (dataset, given) => {
      if (dataset.provider === 'external') throw datasetErrors.externalHasNoDocuments()
      const writer = formOf(dataset, given) === 'qa_model' ? await modelPairs.model(dataset.workspace_id) : undefined
      const technique = dataset.indexing_technique ?? given.indexing_technique
      if (!technique) throw invalid('indexing_technique', 'indexing_technique is required. The first document of a dataset decides: high_quality or economy.')
      const named = await modelChoice.named(dataset.workspace_id, given)
      await modelChoice.checkReranking(dataset.workspace_id, given.retrieval_model)
      if (technique === 'economy') return { technique, model: undefined, writer }
      const kept = embeddingModelOf(dataset)
      const model = dataset.indexing_technique && kept ? kept : named ?? kept ?? await modelChoice.fallback(dataset.workspace_id)
      if (!model) throw datasetErrors.noProvider()
      return { technique, model, writer }
    },
    decide: async (dataset, { technique, model }, given) => {
      const docForm = formOf(dataset, given)
      const values: Partial<DatasetRow> = {
        ...dataset.indexing_technique ? {} : { indexing_technique: technique, embedding_model_provider: model?.provider ?? null, embedding_model: model?.model ?? null },
        ...dataset.retrieval_model ? {} : { retrieval_model: given.retrieval_model ?? DEFAULT_RETRIEVAL },
        ...dataset.doc_form ? {} : { doc_form: docForm },
        ...dataset.data_source_type ? {} : { data_source_type: 'upload_file' },
      }
      if (Object.keys(values).length > 0) await Dataset.update(values, { where: { workspace_id: dataset.workspace_id, id: dataset.id } })
      return docForm
    },
  }),
})

/** All documents of a dataset have one form. Throws 400 where another is asked for. */
export const formOf = ({ doc_form: decided }: Pick<DatasetRow, 'doc_form'>, { doc_form: given }: Pick<DocumentSettings, 'doc_form'>): string => {
  if (given && decided && given !== decided) {
    throw invalid('doc_form', `doc_form is different from the dataset doc_form. Send ${decided}, or leave it out.`)
  }
  return given ?? decided ?? 'text_model'
}
