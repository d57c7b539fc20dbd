export const permissions = {
  'model:list': 'See which models the workspace may use',
  'model:configure': 'Enter credentials for model providers, and choose the default models of the workspace',
}
