import EdgeWorker

EdgeWorker.run()
