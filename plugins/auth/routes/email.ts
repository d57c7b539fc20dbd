export const emailRoutes = []
