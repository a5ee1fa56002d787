import { existsSync } from "fs";
import { createSchema, createYoga } from "graphql-yoga";

const schema = createSchema({
  typeDefs: `
    scalar File
    type Query { price(article: String!, pieces: Int = 1): Int }
    type Mutation { upload(file: File!): Int }
    type Subscription { parts: String }
  `,
  resolvers: {
    Query: { price: (_, { article, pieces }) => article.length * pieces * 100 },
    Mutation: { upload: async (_, { file }) => (await file.arrayBuffer()).byteLength },
    Subscription: {
      parts: {
        // The second part comes when the file is there, so a reader that has the first one got it by itself.
        subscribe: async function* () {
          yield { parts: "first" };
          while (!existsSync("gate")) await Bun.sleep(5);
          yield { parts: "last" };
        },
      },
    },
  },
});

Bun.serve({ fetch: createYoga({ schema }), maxRequestBodySize: 8 << 20 });
