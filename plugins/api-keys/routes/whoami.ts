import { route } from '../../../core/index.ts'
import { keyErrors } from '../errors.ts'
import { whoamiReply } from '../schemas/whoami.ts'
import { whoami } from '../services/whoami.ts'

export const whoamiRoutes = [
  route({
    // Public among keys: whoever has one may know what it is, be it bound to one dataset or granted nothing.
    surface: 'service', credential: 'dataset', access: 'public', resource: 'none', method: 'GET', path: '/whoami',
    summary: 'What the key is that asks, and what it reaches',
    description: '`reach.datasets` is "all" where the key reaches every dataset of the workspace. Of several rights each contains those before it: retrieve, read, write, manage.',
    uses: { whoami }, reply: whoamiReply, errors: [keyErrors.addressWrong],
    handle: ({ actor }, { whoami }) => whoami.describe(actor),
  }),
]
