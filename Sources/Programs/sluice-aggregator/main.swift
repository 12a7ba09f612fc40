// Gathers the metrics of the whole tree and answers `GET /metrics`, which edges pass on to it.
import Aggregator

AggregatorProgram.run()
