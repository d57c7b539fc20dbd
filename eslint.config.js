import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['dist/', 'data/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Going through a string code point by code point is meant.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // Ports are asynchronous by contract; `async` also turns a throw into a rejection.
      '@typescript-eslint/require-await': 'off',
      // Services and adapters are object literals made of closures: their functions need no receiver and may be taken out.
      '@typescript-eslint/unbound-method': 'off',
      // Dictionaries of our own making have keys that come and go.
      '@typescript-eslint/no-dynamic-delete': 'off',
    },
  },
  {
    // The contract: here a type parameter that may be anything, and a `uses` that may be empty, are what is meant.
    files: ['core/plugin.ts', 'core/route.ts', 'core/contract.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off', '@typescript-eslint/no-empty-object-type': 'off' },
  },
  {
    // These handle values of the contract whose types are erased: every plugin's, whoever wrote it.
    files: ['core/wiring.ts', 'core/kernel.ts', 'core/testing.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off', '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // A test reads JSON as it comes and says by its assertions what must stand there.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off', '@typescript-eslint/no-unsafe-argument': 'off', '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off', '@typescript-eslint/no-unsafe-member-access': 'off', '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
)
