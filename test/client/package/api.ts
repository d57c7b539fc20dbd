/** In a generated package the types of the API stand here; see ../generate.ts. */
export interface paths { '/openapi.json': object }
