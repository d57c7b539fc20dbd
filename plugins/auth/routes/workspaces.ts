export const workspacesRoutes = []
