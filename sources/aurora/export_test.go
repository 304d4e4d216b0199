package aurora

// The two ways to find the stretch a moment is in, which must agree.
var (
	DateBin  = dateBin
	EpochBin = epochBin
)
