/** Whether the database refused a row because of the constraint. */
export const violates = (error: unknown, name: string): boolean => {
  const { constraint, parent } = error as { constraint?: string; parent?: { constraint?: string } }
  return (constraint ?? parent?.constraint) === name
}
