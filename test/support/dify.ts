/** A database with the tables of Dify, as far as an import reads them, and a few hundred rows. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg from 'pg'

export interface Dify {
  readonly url: string
  query(sql: string, values?: readonly unknown[]): Promise<any[]>
  /** All that is in it, as text. */
  dump(): Promise<string>
  close(): Promise<void>
}

const LAYOUT = `
  CREATE TABLE tenants (id uuid PRIMARY KEY, name varchar(255) NOT NULL, plan varchar(255) NOT NULL DEFAULT 'basic', status varchar(255) NOT NULL DEFAULT 'normal',
    created_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05', updated_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05');
  CREATE TABLE accounts (id uuid PRIMARY KEY, name varchar(255) NOT NULL, email varchar(255) NOT NULL, password varchar(255), password_salt varchar(255), interface_language varchar(255),
    timezone varchar(255), status varchar(16) NOT NULL DEFAULT 'active', created_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05');
  CREATE TABLE tenant_account_joins (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL, account_id uuid NOT NULL, role varchar(16) NOT NULL, current boolean NOT NULL DEFAULT false);
  CREATE TABLE datasets (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, name varchar(255) NOT NULL, description text, provider varchar(255) NOT NULL DEFAULT 'vendor',
    permission varchar(255) NOT NULL DEFAULT 'only_me', data_source_type varchar(255), indexing_technique varchar(255), index_struct text, created_by uuid NOT NULL,
    created_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05', updated_by uuid, updated_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05', embedding_model varchar(255),
    embedding_model_provider varchar(255), collection_binding_id uuid, retrieval_model jsonb, built_in_field_enabled boolean NOT NULL DEFAULT false);
  CREATE TABLE dataset_permissions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), dataset_id uuid NOT NULL, account_id uuid NOT NULL, tenant_id uuid NOT NULL, has_permission boolean NOT NULL DEFAULT true);
  CREATE TABLE dataset_process_rules (id uuid PRIMARY KEY, dataset_id uuid NOT NULL, mode varchar(255) NOT NULL DEFAULT 'automatic', rules text, created_by uuid NOT NULL, created_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05');
  CREATE TABLE documents (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, dataset_id uuid NOT NULL, position integer NOT NULL, data_source_type varchar(255) NOT NULL DEFAULT 'upload_file',
    data_source_info text, dataset_process_rule_id uuid, batch varchar(255) NOT NULL DEFAULT '20240102030405123456', name varchar(255) NOT NULL, created_from varchar(255) NOT NULL DEFAULT 'web',
    created_by uuid NOT NULL, created_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05', completed_at timestamp DEFAULT '2024-01-02 03:05:05', indexing_status varchar(255) NOT NULL DEFAULT 'completed',
    error text, enabled boolean NOT NULL DEFAULT true, disabled_at timestamp, disabled_by uuid, archived boolean NOT NULL DEFAULT false, updated_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05',
    doc_type varchar(40), doc_metadata jsonb, doc_form varchar(255) NOT NULL DEFAULT 'text_model', doc_language varchar(255));
  CREATE TABLE document_segments (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, dataset_id uuid NOT NULL, document_id uuid NOT NULL, position integer NOT NULL, content text NOT NULL, answer text,
    word_count integer NOT NULL, tokens integer NOT NULL DEFAULT 7, keywords json, index_node_id varchar(255), index_node_hash varchar(255), hit_count integer NOT NULL DEFAULT 0,
    enabled boolean NOT NULL DEFAULT true, disabled_at timestamp, disabled_by uuid, status varchar(255) NOT NULL DEFAULT 'completed', created_by uuid NOT NULL,
    created_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05', updated_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05.123456');
  CREATE TABLE child_chunks (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, dataset_id uuid NOT NULL, document_id uuid NOT NULL, segment_id uuid NOT NULL, position integer NOT NULL, content text NOT NULL,
    word_count integer NOT NULL, type varchar(255) NOT NULL DEFAULT 'automatic', created_by uuid NOT NULL, created_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05', updated_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05');
  CREATE TABLE dataset_metadatas (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, dataset_id uuid NOT NULL, type varchar(255) NOT NULL, name varchar(255) NOT NULL, created_by uuid NOT NULL, created_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05');
  CREATE TABLE dataset_metadata_bindings (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL, dataset_id uuid NOT NULL, metadata_id uuid NOT NULL, document_id uuid NOT NULL);
  CREATE TABLE tags (id uuid PRIMARY KEY, tenant_id uuid, type varchar(16) NOT NULL, name varchar(255) NOT NULL, created_by uuid NOT NULL, created_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05');
  CREATE TABLE tag_bindings (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid, tag_id uuid, target_id uuid, created_by uuid);
  CREATE TABLE api_tokens (id uuid PRIMARY KEY, app_id uuid, tenant_id uuid, type varchar(16) NOT NULL, token varchar(255) NOT NULL, last_used_at timestamp, created_at timestamp NOT NULL DEFAULT '2024-01-02 03:04:05')`
const TABLES = [...LAYOUT.matchAll(/CREATE TABLE (\w+)/g)].map(([, name = '']) => name)

/** On the server at TEST_DATABASE_URL, or embedded behind a socket of its own. */
const fresh = async (): Promise<{ url: string; remove(): Promise<void> }> => {
  const server = process.env['TEST_DATABASE_URL']
  if (server === undefined) {
    const folder = await mkdtemp(join(tmpdir(), 'dify-'))
    const db = await PGlite.create()
    const socket = new PGLiteSocketServer({ db, path: join(folder, '.s.PGSQL.5432'), maxConnections: 4 })
    await socket.start()
    return {
      url: `postgres://postgres:hunter2@localhost/postgres?host=${encodeURIComponent(folder)}`,
      remove: async () => { await socket.stop(); await db.close(); await rm(folder, { recursive: true, force: true }) },
    }
  }
  const name = `dify_${randomUUID().replaceAll('-', '')}`
  const asAdmin = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: server })
    await client.connect()
    try { await client.query(sql) } finally { await client.end() }
  }
  await asAdmin(`CREATE DATABASE ${name}`)
  const own = Object.assign(new URL(server), { pathname: `/${name}`, password: 'hunter2' })
  return { url: own.href, remove: () => asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

export const dify = async (): Promise<Dify> => {
  const { url, remove } = await fresh()
  const query = async (sql: string, values: readonly unknown[] = []): Promise<any[]> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try { return (await client.query(sql, [...values])).rows as unknown[] } finally { await client.end() }
  }
  await query(LAYOUT)
  return {
    url, query, close: remove,
    dump: async () => {
      // One after the other: the embedded one takes few connections.
      const tables: unknown[] = []
      for (const name of TABLES) tables.push(await query(`SELECT * FROM ${name} ORDER BY id`))
      return JSON.stringify(tables)
    },
  }
}
