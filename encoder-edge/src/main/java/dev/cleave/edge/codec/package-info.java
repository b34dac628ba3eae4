/** Which codec a caller asks for, and what that means for one bundle. */
@NullMarked
package dev.cleave.edge.codec;

import org.jspecify.annotations.NullMarked;
