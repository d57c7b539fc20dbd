export const signInCodeRoutes = []
