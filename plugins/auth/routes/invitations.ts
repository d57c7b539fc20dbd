export const invitationsRoutes = []
