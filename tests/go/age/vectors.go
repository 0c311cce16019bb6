// Package vectors pins the age test vectors of C2SP/CCTV: an import keeps their module in go.mod.
package vectors

import _ "c2sp.org/CCTV/age"
