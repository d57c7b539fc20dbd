/** A tool: how it is described to a model, and what it does. Schemas are Joi here and JSON Schema on the wire. */
import type Joi from 'joi'
import type { Datasets, DatasetSummary } from '../../datasets/ports.ts'

/** For whom it works: the knowledge bases that the key may search, by name. */
export interface Knowledge {
  readonly workspaceId: string
  readonly datasets: readonly DatasetSummary[]
  retrieve: Datasets['retrieve']
  readonly signal: AbortSignal
}
export interface Tool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: Joi.ObjectSchema
  readonly output: Joi.ObjectSchema
  /** Throws a {@link ToolError} where the model can do better. */
  call(given: unknown, knowledge: Knowledge): Promise<object>
}
/** Told to the model, so it says what to do next. */
export class ToolError extends Error {}

interface Definition<I, O extends object> extends Pick<Tool, 'name' | 'title' | 'description'> {
  readonly input: Joi.ObjectSchema<I>
  readonly output: Joi.ObjectSchema<O>
  run(input: I, knowledge: Knowledge): Promise<O>
}
export const defineTool = <I, O extends object>({ run, ...described }: Definition<I, O>): Tool => ({
  ...described,
  call: async (given, knowledge) => {
    const checked = described.input.validate(given, { abortEarly: false, errors: { wrap: { label: '' } } })
    if (checked.error) throw new ToolError(`${checked.error.details.slice(0, 5).map(({ message }) => message).join('; ')}. See the tool's inputSchema.`)
    return run(checked.value, knowledge)
  },
})
