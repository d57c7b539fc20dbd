import { defineErrors } from '../../core/index.ts'

export const keyErrors = defineErrors({
  headerMissing: [401, 'unauthorized', "Authorization header must be provided and start with 'Bearer'"],
  schemeWrong: [401, 'unauthorized', "Authorization scheme must be 'Bearer'"],
  headerRepeated: [401, 'unauthorized', 'There is more than one Authorization header. Send exactly one.'],
  tokenInvalid: [401, 'unauthorized', 'Access token is invalid'],
  ownerMissing: [401, 'unauthorized', 'The workspace of this key is archived, or has no active owner. Ask its administrator.'],
  scopeUnsupported: [400, 'bad_request', 'This server gives out keys for the whole workspace only. Make one there, or set adapters.keyScope to dataset.'],
  bindingWrong: [400, 'bad_request', 'Only a dataset key can be bound to a dataset.'],
  tooManyKeys: [400, 'bad_request', 'There are as many keys as this server allows. Delete one first.'],
  datasetMissing: [404, 'not_found', 'Dataset not found.'],
  keyMissing: [404, 'not_found', 'API key not found.'],
})
