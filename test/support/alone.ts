/** A server of the kernel's own ports: no plugin that needs accounts or data. */
export const alone = {
  plugins: { auth: null, models: null, datasets: null, 'api-keys': null, mcp: null, 'dify-import': null, provision: null, bootstrap: null },
  adapters: { authenticator: {}, modelProvider: {}, extractor: {}, datasetLifecycle: {}, memberLifecycle: {}, command: { jobs: {} } },
}
