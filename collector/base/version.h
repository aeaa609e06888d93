/* Which coldmeter this is: one version for all its programs. */
#ifndef COLDMETER_BASE_VERSION_H
#define COLDMETER_BASE_VERSION_H

#define COLDMETER_VERSION "0.1.0"

#endif
