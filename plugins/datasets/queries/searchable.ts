/**
 * SQL that the indexes share: whether a segment may be found, by an expression that gives its id; `$1` is the workspace. `documentIds` is an
 * expression that gives the documents that are searched, or null for all.
 *
 * Two look-ups by key, on purpose no join: planned without statistics (a new database, or an embedded one, which gathers none by itself),
 * a join may begin at the wrong end and read every segment of the workspace.
 */
export const searchable = (segmentId: string, documentIds?: string): string => `(
  SELECT d.enabled AND NOT d.archived AND d.indexing_status = 'completed'
    ${documentIds === undefined ? '' : `AND (${documentIds}::uuid[] IS NULL OR d.id = ANY (${documentIds}::uuid[]))`}
  FROM documents d WHERE d.workspace_id = $1 AND d.id = (
    SELECT s.document_id FROM document_segments s WHERE s.workspace_id = $1 AND s.id = ${segmentId} AND s.enabled AND s.status = 'completed'))`
