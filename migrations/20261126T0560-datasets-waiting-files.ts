import type { Database } from '../core/index.ts'

/** Files that were sent before anybody has said which document they are to become: since when they wait for it. */
export const up = async (db: Database): Promise<void> => {
  await db.query('ALTER TABLE upload_files ADD COLUMN waiting_since timestamptz')
  await db.query('CREATE INDEX upload_files_waiting ON upload_files (waiting_since) WHERE waiting_since IS NOT NULL')
}
/** Those that wait would be nobody's. */
export const down = async (db: Database): Promise<void> => {
  await db.query('DELETE FROM upload_files WHERE waiting_since IS NOT NULL')
  await db.query('ALTER TABLE upload_files DROP COLUMN waiting_since')
}
