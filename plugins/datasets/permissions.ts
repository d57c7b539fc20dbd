/** What this plugin lets somebody do, and how it is told to whoever grants it. */
export const permissions = {
  'dataset:list': 'See which knowledge bases there are',
  'dataset:create': 'Make a knowledge base',
  'dataset:read': 'Read the settings of a knowledge base',
  'dataset:update': 'Change the settings of a knowledge base',
  'dataset:delete': 'Delete a knowledge base with everything in it',
  'dataset:retrieve': 'Search a knowledge base',
  'document:list': 'See which documents a knowledge base has',
  'document:read': 'Read a document and the progress of its indexing',
  'document:create': 'Add a document',
  'document:update': 'Change a document',
  'document:delete': 'Delete a document',
  'segment:list': 'Read the segments of a document',
}
