import { defineErrors } from '../../core/index.ts'

export const keyErrors = defineErrors({
  headerMissing: [401, 'unauthorized', "Authorization header must be provided and start with 'Bearer'"],
  schemeWrong: [401, 'unauthorized', "Authorization scheme must be 'Bearer'"],
  headerRepeated: [401, 'unauthorized', 'There is more than one Authorization header. Send exactly one.'],
  tokenInvalid: [401, 'unauthorized', 'Access token is invalid'],
  addressWrong: [403, 'forbidden', 'This key may not be used from this address.'],
  rateExceeded: [429, 'too_many_requests', 'This key has made as many requests as it may in one minute. Wait for the seconds in Retry-After, then try again.'],
  ownerMissing: [401, 'unauthorized', 'The workspace of this key is archived, or has no active owner. Ask its administrator.'],
  scopeUnsupported: [400, 'bad_request', 'This server gives out keys for the whole workspace only. Make one there, or set adapters.keyScope to dataset.'],
  grantsUnsupported: [400, 'bad_request', 'This server does not give out keys with grants. Make one of the workspace or of one dataset, or set adapters.keyScope to grants.'],
  termsUnsupported: [400, 'bad_request', 'The scoping strategy of this server does not know the terms of this key. Set adapters.keyScope to the strategy that does.'],
  grantRepeated: [400, 'bad_request', 'A dataset is granted more than once. Name each one once, with all its rights.'],
  wouldWiden: [400, 'bad_request', 'A key can only come to reach less. Make another key.'],
  expiryPast: [400, 'invalid_param', 'expires_at is over already. Send a time to come, in seconds since 1970.'],
  reachTwice: [400, 'invalid_param', 'Send dataset_ids or grants, not both.'],
  bindingWrong: [400, 'bad_request', 'Only a dataset key can be bound to datasets.'],
  tooManyKeys: [400, 'bad_request', 'There are as many keys as this server allows. Delete one first.'],
  datasetMissing: [404, 'not_found', 'Dataset not found.'],
  datasetsMissing: [400, 'bad_request', 'A dataset of the key does not exist in this workspace.'],
  keyMissing: [404, 'not_found', 'API key not found.'],
})
