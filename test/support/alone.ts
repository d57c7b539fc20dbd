/** A server of the kernel's own ports: no plugin that needs accounts or data. */
export const alone = {
  plugins: { auth: null, models: null, datasets: null, 'api-keys': null, apps: null, runs: null, annotations: null, chat: null, mcp: null, 'dify-import': null, provision: null, bootstrap: null },
  adapters: { authenticator: {}, modelProvider: {}, extractor: {}, datasetLifecycle: {}, appLifecycle: {}, appParameter: {}, fileReferences: {}, runKind: {}, memberLifecycle: {}, command: { jobs: {} } },
}
