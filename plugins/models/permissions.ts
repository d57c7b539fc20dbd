export const permissions = {
  'model:list': 'See which models the workspace may use',
}
