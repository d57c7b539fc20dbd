/** Errors are told by their names: a plugin may come with a copy of this package of its own, and what that throws is meant as well. */
export const isCalled = (name: string) => (value: unknown): boolean => value instanceof Error && value.name === name
