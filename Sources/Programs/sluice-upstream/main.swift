import UpstreamWorker

UpstreamProgram.main()
