export const passwordRoutes = []
