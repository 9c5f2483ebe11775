// Parses documents with graphql-js, for gateway/document to compare with: a list
// of documents from stdin; to stdout a list of {"error"} or {"strings"}, the
// values of the document's strings in their order, but for descriptions. Definitions of types are
// errors: they are no part of what is executed.
import { readFileSync } from 'node:fs'
import { isExecutableDefinitionNode, parse, visit } from 'graphql'

const verdict = (document) => {
  const strings = []
  try {
    const tree = parse(document)
    if (!tree.definitions.every(isExecutableDefinitionNode)) return { error: 'It is not executable.' }
    visit(tree, { StringValue: (node, key) => void (key === 'description' || strings.push(node.value)) })
  } catch (error) {
    return { error: error.message }
  }
  return { strings }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(verdict)))
