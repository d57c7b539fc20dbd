export interface Welcome { readonly base: string; readonly email: string; readonly password: string; readonly token: string }

/** What the operator of a fresh server needs, once. The command is one line, so that it works wherever it is pasted. */
export const welcome = ({ base, email, password, token }: Welcome): string => `
This server was empty, so it made its first owner and key. They are shown this once; keep them.

  Console   ${base}/console/api
  E-mail    ${email}
  Password  ${password}
  API key   ${token}

Make a first knowledge base:

curl -X POST '${base}/v1/datasets' -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '{"name": "My first knowledge base"}'

`
