export const membersRoutes = []
