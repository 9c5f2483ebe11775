export default function Routes() {
  return <p className="pc-loading">Soon.</p>;
}
