export const transferRoutes = []
